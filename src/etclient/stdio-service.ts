import type { Clock } from '../base/clock.ts';
import type { EtError } from '../base/errors.ts';
import { printable } from '../base/printable.ts';
import { type Endpoint, endpointToJson } from '../forward/endpoint.ts';
import { FORWARD_STREAM } from '../forward/forward.ts';
import type { Channel, ChannelEvents, ChannelReason } from '../mux/channel.ts';
import { COMPRESSED, openChannel } from '../mux/compression.ts';
import type { ClientSession } from './client-session.ts';
import type { InputSource } from './exec-service.ts';
import { FAILURE_STATUS, type WorkEnd } from './exit.ts';
import { OutputSink } from './output-sink.ts';

export interface StdioServiceDeps {
  readonly clock: Clock;
  readonly input: InputSource | undefined;
  readonly isCompressed: boolean;
  readonly stdoutFd: number;
  readonly onOver: (end: WorkEnd) => void;
}

/**
 * `-W`: this process's standard input and output as a connection that is made on the host.
 *
 *   open --- both ended and written ---> over (0)        open --- refused, reset ---> over (255)
 */
export class StdioService implements ChannelEvents {
  readonly #deps: StdioServiceDeps;
  readonly #stdout: OutputSink;
  readonly #channel: Channel;
  #hasOutput = true;
  #isInputOver = false;
  #isOver = false;

  constructor(client: Pick<ClientSession, 'mux'>, target: Endpoint, deps: StdioServiceDeps) {
    this.#deps = deps;
    this.#stdout = new OutputSink(deps.stdoutFd, deps.clock, {
      onWritten: (bytes) => this.#channel.consumed(bytes),
      // Nobody reads any more, as a closed connection.
      onBroken: () => this.#finish({ status: FAILURE_STATUS }),
      onIdle: () => this.#finishIfThrough(),
    });
    this.#channel = openChannel(
      client.mux,
      {
        kind: 'tcp',
        metadata: { ...endpointToJson(target), ...(deps.isCompressed ? COMPRESSED : {}) },
        stream: FORWARD_STREAM,
        priority: 'interactive',
      },
      this,
    );
    if (deps.input === undefined) this.#channel.end();
    else
      deps.input.start(
        (bytes) => this.#send(bytes),
        () => this.#endInput(),
      );
  }

  onDrain(): void {
    this.#deps.input?.resume();
  }

  onData(bytes: Uint8Array): void {
    this.#stdout.write(bytes);
  }

  /** The target says no more. Like ssh, we do not wait for our own input to end. */
  onEof(): void {
    this.#hasOutput = false;
    this.#endInput();
    this.#finishIfThrough();
  }

  onRefuse(_error: EtError, reason: ChannelReason): void {
    this.#finish({ status: FAILURE_STATUS, message: reason.text });
  }

  onReset(error: EtError, reason: ChannelReason): void {
    this.#finish({ status: FAILURE_STATUS, message: reason.text || error.message });
  }

  #send(bytes: Uint8Array): void {
    if (this.#isInputOver) return;
    if (!this.#channel.write(bytes)) this.#deps.input?.pause();
  }

  #endInput(): void {
    this.#isInputOver = true;
    this.#channel.end();
  }

  #finishIfThrough(): void {
    if (!this.#hasOutput && this.#stdout.waitingBytes === 0) this.#finish({ status: 0 });
  }

  #finish(end: WorkEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // The far side may have written it.
    this.#deps.onOver({ ...end, message: end.message && printable(end.message) });
  }
}
