/** changelog — CHANGELOG.md as Debian's tools read a changelog. */

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Who answers for the package, in the form that Debian's tools want; the licence's holder. */
export const maintainer = 'The Databox authors <me-box@users.noreply.github.com>';

/** @param epoch seconds; the time of the entry @returns one entry with the points of CHANGELOG.md's first section */
export function debianChangelog(markdown: string, version: string, epoch: number): string {
  const [, section = ''] = markdown.split(/^## .*$/m);
  const points = section
    .split(/^- /m)
    .slice(1)
    .map((point) =>
      point
        .replaceAll(/^#.*$/gm, '')
        .trim()
        .split('\n')
        .map((line) => line.trim()),
    )
    .map((lines) => `  * ${lines.join('\n    ')}`);
  return `databox (${version}) stable; urgency=medium\n\n${points.join('\n')}\n\n -- ${maintainer}  ${date(epoch)}\n`;
}

/** RFC 2822, in UTC. */
function date(epoch: number): string {
  const at = new Date(epoch * 1000);
  const two = (number: number): string => String(number).padStart(2, '0');
  const day = `${days[at.getUTCDay()]}, ${two(at.getUTCDate())} ${months[at.getUTCMonth()]} ${at.getUTCFullYear()}`;
  return `${day} ${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} +0000`;
}
