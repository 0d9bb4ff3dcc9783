/** tell — what happens, as lines for a person or as NDJSON for a program. */
export type Tell = (event: { event: string } & Record<string, unknown>, text: string) => void;

export const teller =
  (json: boolean): Tell =>
  (event, text) =>
    void process.stdout.write(json ? `${JSON.stringify(event)}\n` : `${text}\n`);
