/** ignore — what of a folder is neither copied nor watched. Pure. */

/**
 * `.git` always; of a .dockerignore its plain paths. Patterns are left to docker, and so is a file that takes anything
 * back with `!`: what is copied in vain does no harm.
 * @param text of the .dockerignore, '' when there is none
 * @returns whether a path below the folder is ignored
 */
export function ignoring(text: string): (path: string) => boolean {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const plain = lines.some((line) => line.startsWith('!')) ? [] : lines.filter((line) => !/[*?[\\]/.test(line));
  const ignored = new Set(plain.map((line) => line.replace(/^\.?\/+/, '').replace(/\/+$/, '')).filter(Boolean));
  return (path) => {
    const parts = path.split('/');
    return parts.includes('.git') || parts.some((_part, at) => ignored.has(parts.slice(0, at + 1).join('/')));
  };
}

/** What changes without anybody writing a component. */
export const isUnwatched = (path: string): boolean => path.split('/').includes('node_modules');
