import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { configPaths } from '../config/config-paths.ts';
import { mayBeThere } from '../config/may-be-there.ts';
import { Policy } from '../forward/policy.ts';
import { LivePolicy, type ReadFiles } from './live-policy.ts';

export interface PolicyHereDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
}

/**
 * What forwards may reach and listen on here. A file that cannot be understood permits nothing, and every refusal says why; the
 * session itself goes on. Where there is no file, as mostly, none of what reads one is loaded.
 */
export async function policyHere(deps: PolicyHereDeps): Promise<LivePolicy> {
  const { system, user } = configPaths('server.toml', deps.environment, deps.home);
  // The system's file, which binds, and the user's, which can restrict further.
  const paths = user === undefined ? [system] : [system, user];
  const loadReader = async (): Promise<ReadFiles> => {
    const { readPolicy } = await import('./read-policy.ts');
    return (files) => readPolicy(files);
  };
  return new LivePolicy({ ...deps, paths, loadReader }, await policyOf(paths, loadReader));
}

async function policyOf(
  paths: readonly string[],
  loadReader: () => Promise<ReadFiles>,
): Promise<Policy> {
  if (!paths.some(mayBeThere)) return Policy.open;
  const read = await loadReader();
  try {
    return read(paths);
  } catch (error) {
    return Policy.closed(messageOf(error));
  }
}
