import { copyOf } from '../base/bytes.ts';
import type { Channel, ChannelEvents, IncomingOpen } from '../mux/channel.ts';
import { REASON } from '../wire/messages.ts';
import { ConnectFailure } from './connect-failure.ts';
import { type Connections, reasonOf } from './connections.ts';
import type { Connector } from './connector.ts';
import { formatEndpoint } from './endpoint.ts';
import type { ForwardCounters } from './forward-counters.ts';
import { SocksHandshake, type SocksRequest } from './socks-handshake.ts';
import { socksOutcomeOf, socksReply } from './socks-reply.ts';

/** Whether a program at the far side may connect from here to this: ssh's PermitRemoteOpen. */
export type PermitRemoteOpen = (host: string, port: number) => boolean;

export interface SocksAnswerDeps {
  readonly connections: Connections;
  readonly connector: Connector;
  readonly counters: ForwardCounters;
  readonly permits: PermitRemoteOpen;
}

/**
 * A connection to a SOCKS proxy that listens at the far side (ssh's `-R PORT`): a program there speaks SOCKS through the channel, and
 * what it names is reached from here.
 *
 *   handshake --request--> connecting --connected--> joined        handshake, connecting --refused--> ended
 *
 * Between any two calls: what came behind the request and waits for the connection is held, and its credit with it.
 */
export class SocksAnswer implements ChannelEvents {
  readonly #deps: SocksAnswerDeps;
  readonly #handshake = new SocksHandshake();
  readonly #given = new AbortController();
  readonly #channel: Channel;
  #request: SocksRequest | undefined;
  readonly #held: Uint8Array[] = [];
  #hasEof = false;
  #isRefused = false;
  /** The connection, once it is made: it is the channel's from then on. */
  #joined: ChannelEvents | undefined;

  constructor(incoming: IncomingOpen, deps: SocksAnswerDeps) {
    this.#deps = deps;
    this.#channel = deps.connections.channels.accept(incoming, this, { priority: 'forward' });
  }

  onData(bytes: Uint8Array): void {
    if (this.#joined !== undefined) this.#joined.onData(bytes);
    else if (this.#isRefused) this.#channel.consumed(bytes.length);
    else if (this.#request !== undefined) this.#held.push(copyOf(bytes));
    else this.#speak(bytes);
  }

  onEof(): void {
    this.#hasEof = true;
    if (this.#joined !== undefined) this.#joined.onEof?.();
    else if (this.#request === undefined) this.#channel.end();
  }

  onDrain(): void {
    this.#joined?.onDrain?.();
  }

  onReset(...told: Parameters<NonNullable<ChannelEvents['onReset']>>): void {
    this.#joined?.onReset?.(...told);
  }

  onClose(): void {
    this.#given.abort();
  }

  #speak(bytes: Uint8Array): void {
    const step = this.#handshake.push(bytes);
    const restBytes = step.rest?.length ?? 0;
    this.#channel.consumed(bytes.length - restBytes);
    if (step.isRefused === true) {
      this.#refuse(step.reply);
      return;
    }
    if (step.reply !== undefined) this.#channel.write(step.reply);
    if (step.request === undefined) return;
    this.#request = step.request;
    if (step.rest !== undefined) this.#held.push(step.rest);
    void this.#connect(step.request);
  }

  async #connect({ version, command, host, port }: SocksRequest): Promise<void> {
    const { connector, connections, counters, permits } = this.#deps;
    try {
      if (command !== 'connect') throw new ConnectFailure(REASON.unknownKind, 'no datagrams here');
      const target = { kind: 'tcp', host, port } as const;
      if (!permits(host, port)) {
        const text = `PermitRemoteOpen leaves out ${formatEndpoint(target)}`;
        throw new ConnectFailure(REASON.notPermitted, text);
      }
      const socket = await connections.reach(connector, target, counters, this.#given);
      this.#channel.write(socksReply(version, 'granted'));
      this.#joined = connections.adopt(this.#channel, socket, counters);
    } catch (error) {
      const { code, text } = reasonOf(error);
      if (code !== REASON.cancelled) counters.refuse(text);
      const outcome = command === 'connect' ? socksOutcomeOf(code, text) : 'command';
      this.#refuse(socksReply(version, outcome));
      return;
    }
    for (const bytes of this.#held.splice(0)) this.#joined.onData(bytes);
    if (this.#hasEof) this.#joined.onEof?.();
  }

  /** What the program still says is taken and thrown away: its end of the connection is behind it. */
  #refuse(reply: Uint8Array | undefined): void {
    this.#isRefused = true;
    if (reply !== undefined) this.#channel.write(reply);
    this.#channel.end();
    for (const bytes of this.#held.splice(0)) this.#channel.consumed(bytes.length);
  }
}
