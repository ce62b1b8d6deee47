/** What a session server says of itself to its user, over its control socket and by `etserver ls --json`: PROTOCOL.md section 2. */
export interface SessionStatus {
  readonly session: string;
  /** As the user has named it; empty: not at all. */
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  /** What runs: the shell's or the command's name. */
  readonly command: string;
  /** There is a shell to attach to, or the status of one. */
  readonly hasShell: boolean;
  readonly ageSeconds: number;
  readonly attached: boolean;
  /** Who is attached, in a user's words; empty when nobody is, or has not said. */
  readonly by: string;
  /** Seconds since the last link was lost, or since the start; 0 while attached. */
  readonly idleSeconds: number;
  readonly over: boolean;
  /** Output that no client has had. */
  readonly backlogBytes: number;
  /** Output that is kept, the backlog included. */
  readonly historyBytes: number;
  /** Seconds since the last output; absent before there was any. */
  readonly outputSeconds?: number;
  /** As the programs have set it. */
  readonly title: string;
  /** Where the shell is; empty where nobody can tell. */
  readonly cwd: string;
}
