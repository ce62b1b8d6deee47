/**
 * What `sun_path` holds everywhere, in bytes: 108 with the closing zero on Linux, 104 on macOS.
 * libuv cuts a longer path off without a word, and would use another file.
 */
export const MAX_UNIX_PATH_BYTES = 103;

export function isUsableUnixPath(path: string): boolean {
  return path.length > 0 && !path.includes('\0') && Buffer.byteLength(path) <= MAX_UNIX_PATH_BYTES;
}
