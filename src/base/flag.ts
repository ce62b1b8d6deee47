/** An option of a command line. The tables of these drive the parsers, `--help` and the man pages. */
export interface Flag<Key extends string = string> {
  /** What the code calls it. */
  readonly key: Key;
  /** `-p` */
  readonly short?: string;
  /** `--port` */
  readonly long?: string;
  /** Long spellings that mean the same and are mentioned beside it. */
  readonly aliases?: readonly string[];
  /** What its value is called, as `N[-M]`. Absent: it takes none. */
  readonly argument?: string;
  /** Heading under which `--help` lists it. */
  readonly group: string;
  /** What it does, without a full stop. */
  readonly help: string;
}

/** A command line worth showing, and what it does. */
export interface Example {
  readonly command: string;
  readonly text: string;
}

/** Every way to write a flag: `-u`, `--username`. */
export function spellingsOf(flag: Flag): string[] {
  return [flag.short, flag.long, ...(flag.aliases ?? [])].filter((each) => each !== undefined);
}

/** As messages name it: `-u/--username`. */
export function nameOf(flag: Flag): string {
  return [flag.short, flag.long].filter((each) => each !== undefined).join('/');
}
