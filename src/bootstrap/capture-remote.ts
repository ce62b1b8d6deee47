import { EtError } from '../base/errors.ts';
import type { SshExit, SshRunner, SshRunOptions } from './ssh-runner.ts';

/** More than any listing of sessions. */
const MAX_OUTPUT_BYTES: number = 4 * 1024 * 1024;

export interface RemoteOutput {
  readonly exit: SshExit;
  readonly stdout: string;
}

/**
 * Runs a command that answers and ends, such as `etserver alive ID`, and has all it printed.
 *
 * @throws {EtError} ET_ERR_BOOTSTRAP above 4 MiB. Any other ending is in `exit`.
 */
export async function captureRemote(
  runner: SshRunner,
  command: string,
  options: SshRunOptions,
): Promise<RemoteOutput> {
  const channel = runner.run(command, options);
  channel.stdin.end();
  const decoder = new TextDecoder('utf-8');
  let stdout = '';
  let length = 0;
  channel.stdout.on('data', (bytes: Uint8Array) => {
    length += bytes.length;
    if (length <= MAX_OUTPUT_BYTES) stdout += decoder.decode(bytes, { stream: true });
    else channel.kill();
  });
  const exit = await channel.exit;
  channel.release();
  if (length <= MAX_OUTPUT_BYTES) return { exit, stdout };
  throw new EtError(
    'ET_ERR_BOOTSTRAP',
    `the host answered with ${length} bytes, at most ${MAX_OUTPUT_BYTES} are read`,
  );
}
