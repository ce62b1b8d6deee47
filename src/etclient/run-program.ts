import { execFile } from 'node:child_process';
import { EtError } from '../base/errors.ts';

export interface ProgramEnd {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of PATH to its end; `undefined` where it cannot be run. */
export type RunProgram = (
  program: string,
  args: readonly string[],
) => Promise<ProgramEnd | undefined>;

export function programRunner(
  environment: Readonly<Record<string, string | undefined>>,
): RunProgram {
  return (program, args) =>
    new Promise((resolve) => {
      const child = execFile(program, args, { env: environment }, (error, stdout, stderr) => {
        // A string is the system's: it was never started.
        if (typeof error?.code === 'string') return resolve(undefined);
        const status = error === null ? 0 : (error.code ?? 1);
        return resolve({ status: Number(status), stdout, stderr });
      });
      child.stdin?.end();
    });
}

/** Runs what must succeed. Rejects with ET_ERR_STATE, in one line. */
export async function runOrFail(
  run: RunProgram,
  program: string,
  args: readonly string[],
): Promise<void> {
  const end = await run(program, args);
  if (end?.status !== 0) throw runFailure(program, args, end);
}

/** Why a program was of no use. */
export function runFailure(
  program: string,
  args: readonly string[],
  end: ProgramEnd | undefined,
): EtError {
  if (end === undefined) return new EtError('ET_ERR_STATE', `${program} cannot be run here`);
  const [said] = end.stderr.trim().split('\n');
  const why = said === undefined || said === '' ? `it ended with ${end.status}` : said;
  return new EtError('ET_ERR_STATE', `${[program, ...args].join(' ')}: ${why}`);
}
