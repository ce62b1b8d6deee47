import type { Destination } from './destination.ts';

/** What the user may hand on to ssh. */
export interface SshOptions {
  /** `-i`, in order. */
  readonly identityFiles: readonly string[];
  /** `-F` */
  readonly configFile: string | undefined;
  /** `-o`, in order: `Name=value` or `Name value`. */
  readonly options: readonly string[];
  /** `-J` */
  readonly jump: string | undefined;
  /** `-4`, `-6` */
  readonly family: 4 | 6 | undefined;
  /** `-p` */
  readonly port: number | undefined;
  /** `-q`: neither warnings nor banners. */
  readonly quiet: boolean;
  /** `-l`; it goes before the user of the destination, as in ssh. */
  readonly user: string | undefined;
}

export const NO_SSH_OPTIONS: SshOptions = {
  identityFiles: [],
  configFile: undefined,
  options: [],
  jump: undefined,
  family: undefined,
  port: undefined,
  quiet: false,
  user: undefined,
};

/** The user's options and the destination as arguments of OpenSSH, up to where the command would stand. */
export function sshArguments(options: SshOptions, destination: Destination): string[] {
  const { identityFiles, configFile, jump, family } = options;
  const port = options.port ?? destination.sshPort;
  const user = options.user ?? destination.user;
  return [
    ...(options.quiet ? ['-q'] : []),
    ...(configFile === undefined ? [] : ['-F', configFile]),
    ...identityFiles.flatMap((file) => ['-i', file]),
    ...options.options.flatMap((option) => ['-o', option]),
    ...(jump === undefined ? [] : ['-J', jump]),
    ...(family === undefined ? [] : [`-${family}`]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(user === undefined ? [] : ['-l', user]),
    // Destinations never begin with a dash; the two dashes are for the reader who doubts it.
    '--',
    destination.host,
  ];
}
