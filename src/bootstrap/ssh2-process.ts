import { PassThrough } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import type { EtError } from '../base/errors.ts';
import type { SshExit, SshProcess, StderrSink } from './ssh-runner.ts';
import { TailText } from './tail-text.ts';

const STDERR_TAIL_LENGTH = 4096;

/** A command on a connection of ssh2 that is perhaps not made yet; its streams are there from the beginning. */
export class Ssh2Process implements SshProcess {
  readonly stdin: PassThrough = new PassThrough();
  readonly stdout: PassThrough = new PassThrough();
  readonly exit: Promise<SshExit>;
  readonly #onStderr: StderrSink;
  readonly #tail = new TailText(STDERR_TAIL_LENGTH);
  #resolve: (exit: SshExit) => void = () => undefined;
  #client: Client | undefined;
  #isOver = false;
  #isHushed: boolean;

  constructor(onStderr: StderrSink, isHushed: boolean) {
    this.#onStderr = onStderr;
    this.#isHushed = isHushed;
    this.exit = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    for (const stream of [this.stdin, this.stdout]) stream.on('error', () => undefined);
  }

  get stderrTail(): string {
    return this.#tail.text;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  hush(): void {
    this.#isHushed = true;
  }

  kill(): void {
    this.finish({ status: undefined, signal: 'SIGTERM' });
    this.stdout.destroy();
    this.#client?.destroy();
  }

  /** The connection is ours alone, and ends: a command that has detached itself from the channel lives on. */
  release(): void {
    this.stdin.end();
    this.stdout.resume();
    this.finish({ status: undefined, signal: undefined });
  }

  /** The connection to be closed at the end. */
  use(client: Client): void {
    this.#client = client;
    if (this.#isOver) client.destroy();
  }

  /** Called within the reply to exec, since the exit status may come in the same packet. */
  attach(channel: ClientChannel): void {
    let status: number | undefined;
    let signal: string | undefined;
    channel.on('exit', (code: number | null, name?: string) => {
      status = code ?? undefined;
      // The protocol leaves the first letters out.
      signal = name === undefined || name.startsWith('SIG') ? name : `SIG${name}`;
    });
    channel.on('error', () => undefined);
    channel.stderr.on('data', (bytes: Uint8Array) => this.showStderr(bytes));
    channel.pipe(this.stdout);
    // Who wants no more of the output still wants the end of it.
    this.stdout.once('close', () => channel.resume());
    this.stdin.pipe(channel);
    // After the last byte of both outputs.
    channel.on('close', () => this.finish({ status, signal }));
  }

  showStderr(bytes: Uint8Array): void {
    this.#tail.push(bytes);
    if (!this.#isHushed) this.#onStderr(bytes);
  }

  fail(failure: EtError): void {
    this.finish({ status: 255, signal: undefined, failure });
  }

  finish(exit: SshExit): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#resolve(exit);
    this.stdin.destroy();
    this.stdout.end();
    this.#client?.end();
  }
}
