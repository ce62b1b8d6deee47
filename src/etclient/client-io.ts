import type { ReadStream, WriteStream } from 'node:tty';
import { freeBytes } from '../base/free-bytes.ts';
import { printable } from '../base/printable.ts';
import { TtyDevice } from '../process/tty-device.ts';
import type { InputSource } from './exec-service.ts';
import type { ClientTerminal } from './terminal-service.ts';

/** This process's standard streams, as the client uses them. */
export interface ClientIo {
  readonly input: InputSource;
  readonly terminal: ClientTerminal;
  readonly isInputTerminal: boolean;
  readonly isOutputTerminal: boolean;
  /** One line for the user, on standard error. */
  readonly say: (line: string) => void;
}

type Stdin = NodeJS.ReadStream & { fd: 0 };
type Stdout = NodeJS.WriteStream & { fd: 1 };

export function clientIo(
  stdin: Stdin,
  stdout: Stdout,
  stderr: { write(text: string): unknown },
): ClientIo {
  const isInputTerminal = stdin.isTTY === true;
  const isOutputTerminal = stdout.isTTY === true;
  return {
    input: streamInput(stdin),
    terminal:
      isInputTerminal && isOutputTerminal ? ttyTerminal(stdin, stdout) : noTerminal(stdout.fd),
    isInputTerminal,
    isOutputTerminal,
    // What another machine has said may be in it.
    say: (line) => stderr.write(`${printable(line)}\n`),
  };
}

function streamInput(stdin: Stdin): InputSource {
  return {
    start: (onData, onEnd) => {
      stdin.on('data', (bytes: Uint8Array) => {
        onData(bytes);
        freeBytes(bytes);
      });
      stdin.once('end', onEnd);
      // A terminal that is gone ends its input with an error.
      stdin.on('error', onEnd);
    },
    pause: () => stdin.pause(),
    resume: () => stdin.resume(),
  };
}

function ttyTerminal(
  stdin: ReadStream & { fd: 0 },
  stdout: WriteStream & { fd: 1 },
): ClientTerminal {
  const device = new TtyDevice(stdin, stdout);
  return {
    outputFd: stdout.fd,
    setRaw: (raw) => device.setRaw(raw),
    writeNow: (bytes) => device.writeNow(bytes),
    size: () => device.size(),
    watchSize: (onResize) => device.watchSize(onResize),
  };
}

/** `-c` or `-tt` with a pipe somewhere: the program has a terminal, and we have none to set. */
function noTerminal(outputFd: number): ClientTerminal {
  return {
    outputFd,
    setRaw: () => undefined,
    writeNow: () => undefined,
    size: () => undefined,
    watchSize: () => () => undefined,
  };
}
