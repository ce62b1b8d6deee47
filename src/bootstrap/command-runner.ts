import { EtError } from '../base/errors.ts';
import { ChildSshProcess } from './child-ssh-process.ts';
import { splitWords } from './split-words.ts';
import type { SshProcess, SshRunner, SshRunOptions, StderrSink } from './ssh-runner.ts';

export interface CommandRunnerOptions {
  /** What the user gave to `--ssh`. */
  readonly command: string;
  /** `[user@]host`, as the user wrote it. */
  readonly destination: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onStderr: StderrSink;
}

/**
 * Any program that runs a remote command: `--ssh 'COMMAND ...'`. The text is split into words as a shell would, without
 * expanding anything, and no local shell is involved. Within the words
 *
 *   %h  is the destination, as the user wrote it
 *   %c  is the remote command, one line for a shell
 *   %%  is a percent sign
 *
 * Where there is no %c, the destination (unless %h named it) and the remote command are appended, as ssh wants them:
 *
 *   --ssh 'ssh -v'                               ssh -v HOST COMMAND
 *   --ssh 'gcloud compute ssh %h --command=%c'   gcloud compute ssh HOST --command=COMMAND
 *
 * Where there is neither, and the last word is `--`, the program runs words and knows no shell; so one is named:
 *
 *   --ssh 'kubectl exec -i my-pod --'            kubectl exec -i my-pod -- sh -c COMMAND
 *   --ssh 'docker exec -i %h sh -c %c'           docker exec -i HOST sh -c COMMAND
 */
export class CommandRunner implements SshRunner {
  readonly name: string;
  readonly #options: CommandRunnerOptions;
  readonly #words: readonly string[];

  /** @throws {EtError} ET_ERR_USAGE when `command` is empty or its quotes are unbalanced. */
  constructor(options: CommandRunnerOptions) {
    this.#options = options;
    this.#words = splitWords(options.command);
    const [program] = this.#words;
    if (program === undefined || program === '') {
      throw new EtError('ET_ERR_USAGE', '--ssh names no program', {
        advice: "give a command, as in --ssh 'kubectl exec -i my-pod --', or builtin",
      });
    }
    this.name = program;
  }

  run(remoteCommand: string, options: SshRunOptions): SshProcess {
    const { destination, environment, onStderr } = this.#options;
    const words = expandWords(this.#words, destination, remoteCommand);
    const command = { program: this.name, arguments: words.slice(1), environment };
    return new ChildSshProcess(command, options, onStderr);
  }
}

function expandWords(
  words: readonly string[],
  destination: string,
  remoteCommand: string,
): string[] {
  const used = new Set<string>();
  const expanded = words.map((word) =>
    word.replace(/%([hc%])/gu, (_, key: string) => {
      used.add(key);
      if (key === '%') return '%';
      return key === 'h' ? destination : remoteCommand;
    }),
  );
  if (used.has('c')) return expanded;
  if (used.has('h')) return [...expanded, remoteCommand];
  if (expanded.at(-1) === '--') return [...expanded, 'sh', '-c', remoteCommand];
  return [...expanded, destination, remoteCommand];
}
