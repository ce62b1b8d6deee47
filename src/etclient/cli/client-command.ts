import type { LogLevel } from '../../base/logger.ts';
import type { Destination } from '../../bootstrap/destination.ts';
import type { SshOptions } from '../../bootstrap/ssh-options.ts';
import type { FoundValue } from '../../config/found-value.ts';
import type { Endpoint } from '../../forward/endpoint.ts';
import type { ForwardFlags } from './forward-flags.ts';
import type { GivenFlags } from './given-flags.ts';
import type { JumpHost } from './jump-flags.ts';
import type { LeavingFlags } from './leaving-flags.ts';
import type { ServiceCommand } from './service-words.ts';
import type { HistoryWish } from './session-words.ts';
import type { SessionsCommand } from './sessions-command.ts';
import type { ForwardCommand, StatusCommand } from './subcommands.ts';

/** `et bench`: nothing runs; the session itself is measured. */
export interface BenchWork {
  readonly kind: 'bench';
  /** As it was typed; `local` for `--local`. */
  readonly host: string;
  /** How long each part of the measurement takes. */
  readonly seconds: number;
  readonly json: boolean;
}

/** `et history`: nothing runs; the output that is kept of a session's terminal is printed. */
export interface HistoryWork extends HistoryWish {
  readonly kind: 'history';
}

/** What runs in the session. */
export type Work =
  /** The login shell, on a terminal where there is one here. */
  | { readonly kind: 'shell' }
  /** A command line for the login shell, as ssh runs one: without a terminal, if none is asked for. */
  | { readonly kind: 'command'; readonly command: string }
  /** `-s`: a program that the host's sshd has under this name. */
  | { readonly kind: 'subsystem'; readonly command: string }
  /** `-N`: nothing; the session only carries forwards. */
  | { readonly kind: 'none' }
  /** `-W`: standard input and output are a connection that is made on the host. */
  | { readonly kind: 'stdio'; readonly target: Endpoint }
  | BenchWork
  | HistoryWork
  /** `-c`: a command line on a terminal; `stay`: then goes on as a shell. */
  | { readonly kind: 'terminal-command'; readonly command: string; readonly stay: boolean };

/** `forced`: also where it would not be given (`--tty`); `forbidden`: also where it would (`-T`). */
export type TerminalWish = 'default' | 'forced' | 'forbidden';

/** Flags of any session, here or elsewhere. */
export interface SessionFlags extends LeavingFlags {
  readonly work: Work;
  readonly forwards: ForwardFlags;
  readonly terminal: TerminalWish;
  /** `-n`: standard input is empty. */
  readonly noStdin: boolean;
  /** The character that begins an escape; `null`: none does; `undefined`: as ssh_config says. */
  readonly escape: string | null | undefined;
  /** How long the session waits for an absent client; `null`: the server's default. */
  readonly graceSeconds: number | null;
  /** The longest silence before the client asks for a sign of life; `undefined`: its own judgement. */
  readonly keepaliveSeconds: number | undefined;
  readonly logLevel: LogLevel;
  /** Where the log goes; `undefined`: standard error. */
  readonly logFile: string | undefined;
  readonly quiet: boolean;
}

export interface ConnectCommand extends SessionFlags {
  readonly kind: 'connect';
  readonly destination: Destination;
  readonly ssh: SshOptions;
  /** The words of `--ssh COMMAND`; `undefined`: ssh where there is one, else the builtin. */
  readonly sshProgram: 'builtin' | readonly string[] | undefined;
  readonly serverPath: string | undefined;
  /** Ports that the session server may take: `60000` or `60000-61000`. */
  readonly serverPort: string;
  /** Address that the session server listens on; empty: all. */
  readonly bind: string;
  /** A plan that `parseDialPlan` reads; `undefined`: whichever works. */
  readonly via: string | undefined;
  /** Addresses and interfaces of this machine that links leave from; none: any. */
  readonly from: readonly string[];
  /** Whose router hands links on to the host; `undefined`: they go straight. */
  readonly jumpHost?: JumpHost;
  /** `--standby`: a second link over another road. */
  readonly hasStandby: boolean;
  /** `--pad`: how long every datagram of a link over UDP is; `undefined`: as long as what it carries. */
  readonly padBytes: number | undefined;
  /** `undefined`: `ssh` for a command without a terminal, else `none`. */
  readonly fallback: 'ssh' | 'none' | undefined;
}

export interface LocalCommand extends SessionFlags {
  readonly kind: 'local';
}

/** `-G`: what ssh would do about the destination. */
export interface SshQueryCommand {
  readonly kind: 'ssh-query';
  readonly destination: Destination;
  readonly ssh: SshOptions;
  readonly sshProgram: ConnectCommand['sshProgram'];
}

/** `--print-config`: what counts for the destination, and who says so. */
export interface PrintConfigCommand {
  readonly kind: 'print-config';
  /** What would be done without it. */
  readonly command: ConnectCommand;
  readonly typed: GivenFlags;
  /** What counts beside what was typed. */
  readonly applied: readonly FoundValue[];
}

/** `--explain`: which roads would be tried, when and why. */
export interface ExplainCommand {
  readonly kind: 'explain';
  readonly connect: ConnectCommand;
}

/** What a command line of `et` asks for. */
export type ClientCommand =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | SshQueryCommand
  | PrintConfigCommand
  | ExplainCommand
  | StatusCommand
  | ForwardCommand
  | ServiceCommand
  | SessionsCommand
  | ConnectCommand
  | LocalCommand;
