import { statSync } from 'node:fs';
import { messageOf, systemCodeOf } from '../base/errors.ts';
import { Policy } from '../forward/policy.ts';
import { policyPaths } from './policy-paths.ts';

/**
 * What forwards may reach and listen on here. A file that cannot be understood permits nothing, and every refusal says why; the
 * session itself goes on. Where there is no file, as mostly, none of what reads one is loaded.
 */
export async function policyHere(
  environment: Readonly<Record<string, string | undefined>>,
  home: string,
): Promise<Policy> {
  const paths = policyPaths(environment, home);
  if (!paths.some(mayBeThere)) return Policy.open;
  const { readPolicy } = await import('./read-policy.ts');
  try {
    return readPolicy(paths);
  } catch (error) {
    return Policy.closed(messageOf(error));
  }
}

/** One that cannot be looked at may well be there, and is then found to be unreadable. */
function mayBeThere(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch (error) {
    const code = systemCodeOf(error);
    return code !== 'ENOENT' && code !== 'ENOTDIR';
  }
}
