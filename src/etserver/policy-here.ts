import { messageOf } from '../base/errors.ts';
import { configPaths } from '../config/config-paths.ts';
import { mayBeThere } from '../config/may-be-there.ts';
import { Policy } from '../forward/policy.ts';

/**
 * What forwards may reach and listen on here. A file that cannot be understood permits nothing, and every refusal says why; the
 * session itself goes on. Where there is no file, as mostly, none of what reads one is loaded.
 */
export async function policyHere(
  environment: Readonly<Record<string, string | undefined>>,
  home: string,
): Promise<Policy> {
  const { system, user } = configPaths('server.toml', environment, home);
  // The system's file, which binds, and the user's, which can restrict further.
  const paths = user === undefined ? [system] : [system, user];
  if (!paths.some(mayBeThere)) return Policy.open;
  const { readPolicy } = await import('./read-policy.ts');
  try {
    return readPolicy(paths);
  } catch (error) {
    return Policy.closed(messageOf(error));
  }
}
