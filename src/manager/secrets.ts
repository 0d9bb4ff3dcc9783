/** secrets — what a component finds in /run/secrets: files on the host's tmpfs that only it can read. */
import { X509Certificate } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Leaf } from './certificates.ts';

export type Contents = {
  rootPem: string;
  leaf: Leaf;
  /** Standard base64 of 32 random bytes; the arbiter knows the same. */
  arbiterToken: string;
  /** Z85. */
  zmqPublicKey: string;
};

export type Secrets = {
  /** The directory that is mounted; made when it is missing, since Docker does not mount what is not there. */
  directory(name: string): string;
  /** Writes every file, each given to the container's user, who alone may read it. */
  write(name: string, contents: Contents, uid: number): void;
  /** Ms since the Unix epoch when the written certificate ends, if all files are there and fit these facts. */
  validUntil(name: string, expected: Omit<Contents, 'leaf'>): number | undefined;
  /** When the written certificate ends; `undefined` without one. */
  endOf(name: string): number | undefined;
  remove(name: string): void;
  names(): string[];
};

/** @param dir on tmpfs; only root enters it */
export function createSecrets(dir: string): Secrets {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  chmodSync(dir, 0o700);
  const directory = (name: string): string => {
    const path = join(dir, name);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  };
  return {
    directory,
    write(name, contents, uid) {
      const path = directory(name);
      for (const [file, text] of Object.entries(filesOf(contents))) {
        // A draft first: a component that reads while a certificate is renewed sees the old file or the new one.
        const draft = join(path, `.${file}`);
        rmSync(draft, { force: true });
        writeFileSync(draft, text, { mode: 0o400, flag: 'wx' });
        chownSync(draft, uid, uid);
        renameSync(draft, join(path, file));
      }
      chownSync(path, uid, uid);
      chmodSync(path, 0o500);
    },
    validUntil: (name, expected) => validUntil(join(dir, name), expected),
    endOf: (name) => endOf(join(dir, name)),
    remove: (name) => rmSync(join(dir, name), { recursive: true, force: true }),
    names: () => readdirSync(dir),
  };
}

function endOf(path: string): number | undefined {
  try {
    return new X509Certificate(readFileSync(join(path, 'DATABOX.pem'), 'utf8')).validToDate.getTime();
  } catch {
    return undefined;
  }
}

function validUntil(path: string, expected: Omit<Contents, 'leaf'>): number | undefined {
  try {
    const read = (file: string) => readFileSync(join(path, file), 'utf8');
    const leaf = new X509Certificate(read('DATABOX.pem'));
    const fits =
      read('DATABOX_ROOT_CA') === expected.rootPem.trimEnd() &&
      read('ARBITER_TOKEN') === expected.arbiterToken &&
      read('ZMQ_PUBLIC_KEY') === expected.zmqPublicKey &&
      leaf.verify(new X509Certificate(expected.rootPem).publicKey);
    return fits ? leaf.validToDate.getTime() : undefined;
  } catch {
    // Missing or unreadable: as good as not there, and written anew.
    return undefined;
  }
}

/** No trailing newline: clients of the original send the file as it is. */
function filesOf({ rootPem, leaf, arbiterToken, zmqPublicKey }: Contents): Record<string, string> {
  return {
    DATABOX_ROOT_CA: rootPem.trimEnd(),
    // The original's order: libraries of its time read the first block of a kind.
    'DATABOX.pem': [leaf.cert, leaf.legacyKey, leaf.publicKey].map((block) => block.trim()).join('\n'),
    ARBITER_TOKEN: arbiterToken,
    ZMQ_PUBLIC_KEY: zmqPublicKey,
  };
}
