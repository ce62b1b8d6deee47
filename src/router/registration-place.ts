import { chmod, lstat, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EtError, messageOf } from '../base/errors.ts';
import { isUsableUnixPath, MAX_UNIX_PATH_BYTES } from '../link/unix-path.ts';

/** Everybody may come to the socket in it; nobody else may put one there. */
const PUBLIC_DIRECTORY = 0o755;
/** Everybody may make a directory in it and remove it again, and sees none of the others'. */
const CLAIMS_DIRECTORY = 0o1733;
const WRITABLE_BY_OTHERS = 0o022;

export const PUBLIC_SOCKET = 0o666;

/**
 * Makes what surrounds the registration socket `path` where it is missing: its directory, and `claims` in it. Resolves to the path of
 * the latter. Rejects with ET_ERR_STATE, and says what to do.
 */
export async function prepareRegistration(path: string, ownUid: number): Promise<string> {
  if (!isUsableUnixPath(path) || !path.startsWith('/')) {
    throw new EtError(
      'ET_ERR_STATE',
      `${path} is not an absolute path of at most ${MAX_UNIX_PATH_BYTES} bytes`,
    );
  }
  const directory = dirname(path);
  const claims = join(directory, 'claims');
  try {
    await mkdir(directory, { recursive: true, mode: PUBLIC_DIRECTORY });
    await refuseForeign(directory, ownUid);
    await mkdir(claims, { recursive: true, mode: CLAIMS_DIRECTORY });
    const { uid } = await lstat(claims);
    if (uid !== ownUid) throw state(`${claims} belongs to user ${uid}, not ${ownUid}`, directory);
    await chmod(claims, CLAIMS_DIRECTORY);
    return claims;
  } catch (error) {
    if (error instanceof EtError) throw error;
    throw state(`cannot prepare ${directory}: ${messageOf(error)}`, directory, error);
  }
}

async function refuseForeign(directory: string, ownUid: number): Promise<void> {
  const found = await lstat(directory);
  if (!found.isDirectory()) throw state(`${directory} is not a directory`, directory);
  if (found.uid !== ownUid && found.uid !== 0) {
    throw state(`${directory} belongs to user ${found.uid}, not ${ownUid} or root`, directory);
  }
  if ((found.mode & WRITABLE_BY_OTHERS) !== 0) {
    const mode = (found.mode & 0o777).toString(8);
    throw state(`others can write in ${directory} (mode ${mode}); it must be 755`, directory);
  }
}

function state(message: string, directory: string, cause?: unknown): EtError {
  return new EtError('ET_ERR_STATE', message, {
    cause,
    advice: `as root: install -d -m 755 -o USER ${directory}, for the user who runs the router; or --socket PATH, and EVERTERM_ROUTER_SOCKET=PATH where sessions start`,
  });
}
