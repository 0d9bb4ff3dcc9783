/**
 * Bytes of a disk that are kept free for the owner: 256 MiB, or a twentieth of a small disk. A component that fills its
 * store must not keep the owner from revoking and removing it, which is written down before it counts.
 * @param diskBytes size of the whole disk
 */
export const reserveOf = (diskBytes: number): number => Math.min(256 * 1024 * 1024, diskBytes / 20);
