/** What `enableLogging` shows: each call and how it went, never what was written or read. */
export function logged<F extends object>(face: F, name: string, tell: (line: string) => void = console.error): F {
  const members = Object.entries(face).map(([member, value]: [string, unknown]) => {
    const called = `${name}.${member}`;
    if (typeof value === 'object' && value !== null) return [member, logged(value, called, tell)];
    return [member, typeof value === 'function' ? told(value as Call, called, tell) : value];
  });
  return Object.fromEntries(members) as F;
}

type Call = (...given: unknown[]) => unknown;

function told(call: Call, name: string, tell: (line: string) => void): Call {
  return (...given) => {
    const start = performance.now();
    const say = (how: string) =>
      tell(`databox: ${name}(${shown(given[0])}) ${how} ${Math.round(performance.now() - start)} ms`);
    const answer = call(...given);
    if (!(answer instanceof Promise)) return answer;
    answer.then(
      () => say('took'),
      (err: unknown) => say(`failed: ${String(err)}, after`),
    );
    return answer;
  };
}

/** The id or destination that a call is about. */
const shown = (given: unknown): string => (typeof given === 'string' || typeof given === 'number' ? String(given) : '');
