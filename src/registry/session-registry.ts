import { lstat, mkdir, readdir, readlink, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf } from '../base/errors.ts';

const SOCKET_NAME = /^([0-9a-f]{32})\.sock$/u;

const CLAIM_ATTEMPTS = 3;

/** Of this user on this machine: in /tmp, or where `EVERTERM_RUN_DIR` says. */
export function registryHere(
  userId: number,
  environment: Readonly<Record<string, string | undefined>>,
): SessionRegistry {
  return new SessionRegistry(userId, environment['EVERTERM_RUN_DIR'] ?? '/tmp');
}

/**
 * Where a user's session servers are found: one control socket each, named after the session id, in a directory
 * that only the user may enter. Whoever answers is alive; no list has to be kept true.
 */
export class SessionRegistry {
  readonly directory: string;
  readonly #userId: number;

  /** The directory stays when the user logs out, unlike $XDG_RUNTIME_DIR; systemd-tmpfiles spares live sockets. */
  constructor(userId: number, temporaryDirectory: string) {
    this.#userId = userId;
    this.directory = join(temporaryDirectory, `everterm-${userId}`);
  }

  get ownerId(): number {
    return this.#userId;
  }

  /** `id`: 32 hexadecimal digits. */
  socketOf(id: string): string {
    return join(this.directory, `${id}.sock`);
  }

  /** The ids whose socket file is there; some may be left over from a server that was killed. */
  async ids(): Promise<string[]> {
    try {
      const found = await lstat(this.directory);
      if (!found.isDirectory() || found.uid !== this.#userId) return [];
      const ids: string[] = [];
      for (const name of await readdir(this.directory)) {
        const id = SOCKET_NAME.exec(name)?.[1];
        if (id !== undefined) ids.push(id);
      }
      return ids.sort();
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return [];
      throw error;
    }
  }

  /**
   * Has `id` known by `name`, unless another session is: returns that one's id, who may be gone. A link is made at once or not at all,
   * so of two that begin at the same time one has the name.
   */
  async claim(name: string, id: string): Promise<string> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    for (let attempt = 0; ; attempt += 1) {
      try {
        await symlink(id, this.#nameLink(name));
        return id;
      } catch (error) {
        if (systemCodeOf(error) !== 'EEXIST' || attempt === CLAIM_ATTEMPTS) throw error;
      }
      const holder = await this.idNamed(name);
      if (holder !== undefined) return holder;
    }
  }

  /** Whoever has the name gives it back. */
  async unclaim(name: string, id: string): Promise<void> {
    if ((await this.idNamed(name)) === id) await unlink(this.#nameLink(name));
  }

  async idNamed(name: string): Promise<string | undefined> {
    try {
      const id = await readlink(this.#nameLink(name));
      return /^[0-9a-f]{32}$/u.test(id) ? id : undefined;
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  #nameLink(name: string): string {
    return join(this.directory, `name-${Buffer.from(name).toString('hex')}`);
  }

  /** The ids that begin with `prefix`: people type a few digits. */
  async idsBeginning(prefix: string): Promise<string[]> {
    return (await this.ids()).filter((id) => id.startsWith(prefix.toLowerCase()));
  }
}
