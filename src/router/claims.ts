import { toHex } from '../base/bytes.ts';
import type { RandomSource } from '../base/random.ts';

const NAME_BYTES = 16;
const PRIVATE = 0o700;
const ACCESS = 0o777;

/** What `lstat` says of a file. */
export interface FileFacts {
  readonly uid: number;
  readonly mode: number;
  isDirectory(): boolean;
}

/**
 * Finds out who is at the other end of a unix socket, which Node does not tell: the process is asked to make a directory of a name
 * that nobody else was told, and the system says whose it is. The directory around it is sticky and not readable: nobody sees the
 * names of others, and nobody moves a directory of somebody else there, least of all one that only its owner may change.
 */
export class Claims {
  readonly #directory: string;
  readonly #random: RandomSource;
  /** `fs.lstat`. */
  readonly #look: (path: string) => Promise<FileFacts>;

  constructor(directory: string, random: RandomSource, look: (path: string) => Promise<FileFacts>) {
    this.#directory = directory;
    this.#random = random;
    this.#look = look;
  }

  /** A path to ask for. */
  draw(): string {
    return `${this.#directory}/${toHex(this.#random.bytes(NAME_BYTES))}`;
  }

  /** The user who has made the directory `path` of mode 0700; `undefined` where there is no such thing. */
  async claimant(path: string): Promise<number | undefined> {
    try {
      const found = await this.#look(path);
      return found.isDirectory() && (found.mode & ACCESS) === PRIVATE ? found.uid : undefined;
    } catch {
      return undefined;
    }
  }
}
