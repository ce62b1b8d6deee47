import type { ConnectCommand, SessionFlags } from './client-command.ts';
import type { GivenFlags } from './given-flags.ts';
import { CLIENT_FLAGS, type ClientFlagKey } from './option-table.ts';
import { readArguments } from './read-arguments.ts';
import { sessionFlags } from './session-flags.ts';
import { type HistoryWish, type SessionWords, unfitFor } from './session-words.ts';
import { applySettings, type Settings } from './settings.ts';

/** How a host is reached: its name, and flags as on a command line, such as `-J gate`. */
export interface Way {
  readonly host: string;
  readonly flags: readonly string[];
}

interface OfSessions {
  /** Names and ids of sessions, and perhaps a host first. */
  readonly operands: readonly string[];
  /** What was typed and configured, whichever host it turns out to be. */
  readonly flags: SessionFlags;
  /** What takes a client to a host; what was typed goes before the flags of the way. @throws {EtError} ET_ERR_USAGE */
  readonly connect: (way: Way) => ConnectCommand;
}

/** `et attach`: works in a session that runs. */
export type AttachCommand = { readonly kind: 'attach' } & OfSessions;
/** `et ls`: which sessions there are. */
export type ListCommand = { readonly kind: 'ls'; readonly json: boolean } & OfSessions;
/** `et kill`, `et detach`: ends sessions, or has a client leave one. */
export type EndCommand = { readonly kind: 'kill' | 'detach' } & OfSessions;
/** `et history`: the output that is kept of a session. */
export type HistoryCommand = { readonly kind: 'history'; readonly wish: HistoryWish } & OfSessions;

export type SessionsCommand = AttachCommand | ListCommand | EndCommand | HistoryCommand;

/** Flags of which several count: they add up. */
const LISTS: readonly ClientFlagKey[] = ['from', 'identity', 'ssh-option'];

/** `connectTo`: what a command line with these flags and this host asks for. @throws {EtError} ET_ERR_USAGE */
export function sessionsCommand(
  words: SessionWords,
  settings: Settings,
  connectTo: (given: GivenFlags, host: string) => ConnectCommand,
): SessionsCommand {
  const { verb, given: typed, operands, json, history: wish } = words;
  const unfit = unfitFor(verb);
  const { given } = applySettings(typed, settings.valuesFor(undefined), (key) =>
    unfit.includes(key),
  );
  const common: OfSessions = {
    operands,
    flags: sessionFlags(given, [], false),
    connect: ({ host, flags }) => connectTo(typed.with(othersIn(flags, typed)), host),
  };
  if (verb === 'ls') return { kind: verb, json, ...common };
  if (verb === 'history') return { kind: verb, wish, ...common };
  return { kind: verb, ...common };
}

/** The flags of a way that were not typed otherwise. */
function othersIn(flags: readonly string[], typed: GivenFlags) {
  const { occurrences } = readArguments(CLIENT_FLAGS, flags);
  return occurrences.filter(({ key }) => LISTS.includes(key) || !typed.has(key));
}
