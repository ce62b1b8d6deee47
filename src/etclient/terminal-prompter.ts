import { closeSync, openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import type { Prompter } from '../bootstrap/prompter.ts';
import { writeStderr } from './write-stderr.ts';

/** Asks on the controlling terminal, as ssh does, whatever standard input and output are. */
export function terminalPrompter(): Prompter {
  return {
    ask: (question, { echo }) => ask(question, echo),
    say: (line) => writeStderr(Buffer.from(`${line}\n`)),
  };
}

/** `undefined` where there is no terminal, or the input has ended. */
async function ask(question: string, echo: boolean): Promise<string | undefined> {
  let fd: number;
  try {
    fd = openSync('/dev/tty', 'r+');
  } catch {
    return undefined;
  }
  const input = new ReadStream(fd);
  try {
    writeSync(fd, question);
    return echo ? await readEchoed(input) : await readSilent(input, fd);
  } finally {
    input.destroy();
    try {
      closeSync(fd);
    } catch {
      // The stream has closed it.
    }
  }
}

async function readEchoed(input: ReadStream): Promise<string | undefined> {
  const { createInterface } = await import('node:readline');
  return await new Promise((resolve) => {
    const lines = createInterface({ input, terminal: false });
    lines.once('line', (line) => {
      resolve(line);
      lines.close();
    });
    lines.once('close', () => resolve(undefined));
  });
}

/** Without echo: raw mode, with the few editing keys that people use blindly. */
function readSilent(input: ReadStream, fd: number): Promise<string | undefined> {
  input.setRawMode(true);
  return new Promise((resolve) => {
    let text = '';
    const finish = (result: string | undefined): void => {
      input.setRawMode(false);
      writeSync(fd, '\n');
      resolve(result);
    };
    input.on('data', (bytes: Buffer) => {
      for (const char of bytes.toString('utf8')) {
        if (ENTER.includes(char)) return finish(text);
        if (char === ABORT || (char === END && text === '')) return finish(undefined);
        text = edited(text, char);
      }
    });
    input.once('end', () => finish(undefined));
  });
}

const ENTER = '\r\n';
const ABORT = '\x03';
const END = '\x04';

function edited(text: string, char: string): string {
  if (char === '\x7f' || char === '\b') return text.slice(0, -1);
  return char === '\x15' ? '' : text + char;
}
