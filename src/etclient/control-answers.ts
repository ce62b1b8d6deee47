import { messageOf } from '../base/errors.ts';
import { printable } from '../base/printable.ts';
import type { ClientStatus, ForwardReport } from './client-status.ts';

/** What may be asked of a running client, as it stands on a line. */
export type ControlQuestion =
  | { readonly ask: 'status' | 'forward-list' | 'reconnect' | 'stop' }
  | {
      readonly ask: 'forward-add' | 'forward-remove';
      readonly flag: string;
      readonly value: string;
    };

export type ControlAnswer = { readonly ok: unknown } | { readonly error: string };

/** What a client does when it is asked. What is thrown becomes the answer. */
export interface ControlHandler {
  status(): ClientStatus;
  /** Where it listens, once it does: all that the value asks for, or nothing. */
  add(flag: string, value: string): Promise<readonly string[]>;
  /** Where it listened. */
  remove(flag: string, value: string): readonly string[];
  list(): readonly ForwardReport[];
  reconnect(): void;
  stop(): void;
}

const PLAIN = ['status', 'forward-list', 'reconnect', 'stop'] as const;
const WITH_VALUE = ['forward-add', 'forward-remove'] as const;

/** Answers one line. Never rejects: whatever is wrong with the question, or goes wrong, is the answer. */
export async function answerTo(line: string, handler: ControlHandler): Promise<ControlAnswer> {
  try {
    const question = parseQuestion(line);
    if (typeof question === 'string') return { error: question };
    return { ok: await dispatch(question, handler) };
  } catch (error) {
    return { error: printable(messageOf(error)) };
  }
}

async function dispatch(question: ControlQuestion, handler: ControlHandler): Promise<unknown> {
  switch (question.ask) {
    case 'status':
      return handler.status();
    case 'forward-list':
      return { forwards: handler.list() };
    case 'forward-add':
      return { listens: await handler.add(question.flag, question.value) };
    case 'forward-remove':
      return { closed: handler.remove(question.flag, question.value) };
    case 'reconnect':
      handler.reconnect();
      return {};
    case 'stop':
      handler.stop();
      return {};
  }
}

/** The question, or what is wrong with it. */
function parseQuestion(line: string): ControlQuestion | string {
  const fields = objectOf(line);
  if (fields === undefined) return 'a question is one JSON object on a line';
  const { ask, flag, value, ...others } = fields;
  const [other] = Object.keys(others);
  if (other !== undefined) return `${JSON.stringify(other.slice(0, 40))} is no field of a question`;
  const plain = PLAIN.find((each) => each === ask);
  if (plain !== undefined) {
    return flag === undefined && value === undefined
      ? { ask: plain }
      : `${plain} takes neither flag nor value`;
  }
  const word = WITH_VALUE.find((each) => each === ask);
  if (word === undefined) return `"ask" is one of ${[...PLAIN, ...WITH_VALUE].join(', ')}`;
  if (typeof flag !== 'string' || typeof value !== 'string') {
    return `${word} takes a flag and a value, as in {"ask":"${word}","flag":"-L","value":"8003:db:5432"}`;
  }
  return { ask: word, flag, value };
}

function objectOf(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(line);
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
    return isObject ? (parsed as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
