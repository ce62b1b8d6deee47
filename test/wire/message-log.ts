import { concatBytes, toHex } from '../../src/base/bytes.ts';
import {
  creditSize,
  dataHeaderSize,
  encodeAccept,
  encodeNote,
  encodeOpen,
  encodeRefuse,
  encodeReset,
  eofSize,
  writeCredit,
  writeDataHeader,
  writeEof,
} from '../../src/wire/encode-message.ts';
import type { JsonObject, MessageHandler } from '../../src/wire/messages.ts';
import { hex } from '../support/hex.ts';

/** A message as the vectors write it: name, numbers, DATA in hexadecimal. */
export type LoggedMessage = readonly [string, ...unknown[]];

/** Writes down what a stream says. Parts of DATA for one channel in a row become one, since a body may come up in any parts. */
export class MessageLog implements MessageHandler {
  readonly messages: LoggedMessage[] = [];
  dataCalls = 0;

  onOpen(id: number, kind: string, credit: number, metadata: JsonObject): void {
    this.messages.push(['open', id, kind, credit, metadata]);
  }

  onAccept(id: number, credit: number, metadata: JsonObject): void {
    this.messages.push(['accept', id, credit, metadata]);
  }

  onRefuse(id: number, code: number, text: string): void {
    this.messages.push(['refuse', id, code, text]);
  }

  onData(id: number, bytes: Uint8Array): void {
    this.dataCalls += 1;
    const last = this.messages.at(-1);
    const text = toHex(bytes);
    if (last?.[0] === 'data' && last[1] === id) {
      this.messages[this.messages.length - 1] = ['data', id, `${String(last[2])}${text}`];
    } else {
      this.messages.push(['data', id, text]);
    }
  }

  onCredit(id: number, limit: number): void {
    this.messages.push(['credit', id, limit]);
  }

  onEof(id: number): void {
    this.messages.push(['eof', id]);
  }

  onNote(id: number, body: JsonObject, bodyBytes: number): void {
    this.messages.push(['note', id, body, bodyBytes]);
  }

  onReset(id: number, code: number, text: string): void {
    this.messages.push(['reset', id, code, text]);
  }
}

/** Encodes a logged message again. */
export function encodeMessage(message: LoggedMessage): Uint8Array {
  const [name, ...rest] = message;
  const id = Number(rest[0]);
  switch (name) {
    case 'open':
      return encodeOpen(id, String(rest[1]), Number(rest[2]), rest[3] as JsonObject);
    case 'accept':
      return encodeAccept(id, Number(rest[1]), rest[2] as JsonObject);
    case 'refuse':
      return encodeRefuse(id, Number(rest[1]), String(rest[2]));
    case 'data': {
      const body = hex(String(rest[1]));
      const header = new Uint8Array(dataHeaderSize(id, body.length));
      writeDataHeader(header, 0, id, body.length);
      return concatBytes([header, body]);
    }
    case 'credit': {
      const bytes = new Uint8Array(creditSize(id, Number(rest[1])));
      writeCredit(bytes, 0, id, Number(rest[1]));
      return bytes;
    }
    case 'eof': {
      const bytes = new Uint8Array(eofSize(id));
      writeEof(bytes, 0, id);
      return bytes;
    }
    case 'note':
      return encodeNote(id, rest[1] as JsonObject).message;
    case 'reset':
      return encodeReset(id, Number(rest[1]), String(rest[2]));
    default:
      throw new Error(`no message ${name}`);
  }
}
