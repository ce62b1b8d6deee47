import type { DialResult } from '../backed/redialer.ts';
import type { SecureLink } from '../backed/secure-link.ts';
import type { SshProcess } from '../bootstrap/ssh-runner.ts';

/** What of a client gets its first link. */
export interface LinkTaker {
  addLink(link: SecureLink): void;
  /** Dials. */
  start(): void;
}

/** How a session gets its first link. */
export interface FirstLink {
  /** It is on its way, over a road that is there. */
  readonly isNear: boolean;
  begin(taker: LinkTaker): void;
}

/** By dialling. */
export const DIALLED: FirstLink = { isNear: false, begin: (taker) => taker.start() };

/** On the ssh that started the session; by dialling where that fails. */
export class BootstrapLink implements FirstLink {
  readonly #channel: SshProcess;
  readonly #shake: (channel: SshProcess, done: (result: DialResult) => void) => void;
  #isNear = false;

  constructor(
    channel: SshProcess,
    shake: (channel: SshProcess, done: (result: DialResult) => void) => void,
  ) {
    this.#channel = channel;
    this.#shake = shake;
  }

  get isNear(): boolean {
    return this.#isNear;
  }

  begin(taker: LinkTaker): void {
    this.#isNear = true;
    this.#shake(this.#channel, (result) => {
      this.#isNear = false;
      if (result.kind === 'link') taker.addLink(result.link);
      else taker.start();
    });
  }
}
