import type { PromiseFsClient } from 'isomorphic-git';

const missing = (path: string): Error => Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });

/**
 * The file system that git works on: this map. Nothing a server sends, not a reference's name and not an entry of a
 * tree, can reach a path of the machine, and nothing stays behind.
 */
export function createMemory(): PromiseFsClient {
  const files = new Map<string, Buffer>();
  const below = (path: string) => [...files.keys()].filter((file) => file.startsWith(`${path}/`));
  const stat = (path: string) => {
    const file = files.get(path);
    if (!file && below(path).length === 0) return Promise.reject(missing(path));
    return Promise.resolve({
      ...{ type: file ? 'file' : 'dir', mode: 0, size: file?.length ?? 0, ino: 0, mtimeMs: 0, ctimeMs: 0 },
      ...{ isFile: () => file !== undefined, isDirectory: () => file === undefined, isSymbolicLink: () => false },
    });
  };
  const promises = {
    readFile(path: string, options?: string | { encoding?: string }) {
      const file = files.get(path);
      if (!file) return Promise.reject(missing(path));
      const encoding = typeof options === 'string' ? options : options?.encoding;
      return Promise.resolve(encoding === undefined ? file : file.toString(encoding as BufferEncoding));
    },
    writeFile(path: string, data: string | Uint8Array) {
      files.set(path, Buffer.from(data as Uint8Array));
      return Promise.resolve();
    },
    unlink: (path: string) => Promise.resolve(void files.delete(path)),
    readdir: (path: string) =>
      Promise.resolve([...new Set(below(path).map((file) => file.slice(path.length + 1).split('/')[0] ?? ''))]),
    mkdir: () => Promise.resolve(),
    rmdir: () => Promise.resolve(),
    stat,
    lstat: stat,
    readlink: (path: string) => Promise.reject(missing(path)),
    symlink: (_target: string, path: string) => Promise.reject(missing(path)),
  };
  return { promises };
}
