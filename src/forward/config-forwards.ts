import { EtError } from '../base/errors.ts';
import type { Endpoint, ListenPlace } from './endpoint.ts';
import { type Complaint, complaintAbout } from './forward-complaint.ts';
import type { ForwardSpec } from './forward-spec.ts';
import {
  FAR_RULES,
  type ListenRules,
  nearRules,
  readEndpoint,
  readListenPlace,
} from './read-place.ts';
import { type Field, splitFields } from './split-fields.ts';

/** The part of what `ssh -G` says that is about forwards. */
export interface ForwardsOfSshConfig {
  readonly localForwards: readonly string[];
  readonly remoteForwards: readonly string[];
  readonly dynamicForwards: readonly string[];
  /** Every keyword, in lower case, with all its values in order. */
  readonly values: ReadonlyMap<string, readonly string[]>;
}

/** What ssh_config asks for in forwards. */
export interface ConfigForwards {
  /** Empty where they are cleared. */
  readonly specs: readonly ForwardSpec[];
  /** ExitOnForwardFailure. */
  readonly exitOnFailure: boolean;
  /** ClearAllForwardings, which in ssh clears those of the command line too. */
  readonly isCleared: boolean;
  /** GatewayPorts of the client: a port without a bind listens on all addresses. */
  readonly gatewayPorts: boolean;
  /** ForwardAgent: `undefined` for no, empty for the agent of SSH_AUTH_SOCK, else the path of its socket or `$NAME`. */
  readonly agent: string | undefined;
  /** A line for each forward that could not be read and is left out. */
  readonly problems: readonly string[];
}

type Keyword = 'LocalForward' | 'RemoteForward' | 'DynamicForward';

/** How `ssh -G` ends a RemoteForward that has no target. */
const SOCKS_ENDING = / \[socks\]:0$/u;

/** Reads the forwards that `ssh -G` prints. Never throws: what cannot be read is a problem, and the rest stands. */
export function configForwards(config: ForwardsOfSshConfig): ConfigForwards {
  const first = (keyword: string): string | undefined => config.values.get(keyword)?.[0];
  const isCleared = isYes(first('clearallforwardings'));
  const gatewayPorts = isYes(first('gatewayports'));
  const specs: ForwardSpec[] = [];
  const problems: string[] = [];
  for (const [keyword, value] of isCleared ? [] : linesOf(config)) {
    try {
      specs.push(readLine(keyword, value, nearRules(gatewayPorts)));
    } catch (error) {
      if (!(error instanceof EtError)) throw error;
      problems.push(error.message);
    }
  }
  return {
    specs,
    exitOnFailure: isYes(first('exitonforwardfailure')),
    isCleared,
    gatewayPorts,
    agent: agentOf(first('forwardagent')),
    problems,
  };
}

function linesOf(config: ForwardsOfSshConfig): (readonly [Keyword, string])[] {
  const { localForwards, remoteForwards, dynamicForwards } = config;
  // A LocalForward to a unix socket is printed a second time, as a DynamicForward without the target.
  const isEcho = (value: string): boolean =>
    localForwards.some((local) => local.startsWith(`${value} /`));
  return [
    ...localForwards.map((value) => ['LocalForward', value] as const),
    ...remoteForwards.map((value) => ['RemoteForward', value] as const),
    ...dynamicForwards
      .filter((value) => !isEcho(value))
      .map((value) => ['DynamicForward', value] as const),
  ];
}

function readLine(keyword: Keyword, value: string, near: ListenRules): ForwardSpec {
  const form = FORM_OF[keyword];
  const complain = complaintAbout(keyword, value, form);
  const source = `${keyword} ${value}`;
  switch (keyword) {
    case 'LocalForward':
      return { kind: 'local', ...readHalves(value, near, complain), source };
    case 'RemoteForward':
      if (!SOCKS_ENDING.test(value)) {
        return { kind: 'remote', ...readHalves(value, FAR_RULES, complain), source };
      }
      return {
        kind: 'remote',
        ...readProxy(value.replace(SOCKS_ENDING, ''), FAR_RULES, complain),
        source: source.replace(SOCKS_ENDING, ''),
      };
    case 'DynamicForward':
      return { kind: 'dynamic', ...readProxy(value, near, complain), source };
  }
}

const FORM_OF: Readonly<Record<Keyword, string>> = {
  LocalForward: '[bind:]port host:hostport, or a /path without blanks for either half',
  RemoteForward: '[bind:]port host:hostport, or a /path without blanks for either half',
  DynamicForward: '[bind:]port',
};

function readProxy(
  text: string,
  rules: ListenRules,
  complain: Complaint,
): { listen: ListenPlace; target: undefined } {
  return {
    listen: readListenPlace(fieldsOf(text, complain), rules, complain),
    target: undefined,
  };
}

/** Paths are printed without quotes, so that any blank may be the one between the halves: it is the only one that both halves fit. */
function readHalves(
  value: string,
  rules: ListenRules,
  complain: Complaint,
): { listen: ListenPlace; target: Endpoint } {
  const readings: { listen: ListenPlace; target: Endpoint }[] = [];
  let objection = complain('it lacks a half');
  for (const { index } of value.matchAll(/ /gu)) {
    try {
      const listen = fieldsOf(value.slice(0, index), complain);
      const target = fieldsOf(value.slice(index + 1), complain);
      readings.push({
        listen: readListenPlace(listen, rules, complain),
        target: readEndpoint(target, complain),
      });
    } catch (error) {
      if (!(error instanceof EtError)) throw error;
      objection = error;
    }
  }
  const [reading, other] = readings;
  if (reading === undefined) throw objection;
  if (other !== undefined) throw complain('its blanks can be read in two ways');
  return reading;
}

/** A path is printed as it is, colons and all. */
function fieldsOf(text: string, complain: Complaint): Field[] {
  return text.startsWith('/') ? [{ text, isPath: true }] : splitFields(text, complain);
}

/** ssh -G prints `true` for some of what the manual calls `yes`. */
function isYes(text: string | undefined): boolean {
  return text === 'yes' || text === 'true';
}

function agentOf(text: string | undefined): string | undefined {
  if (text === undefined || text === '' || text === 'no' || text === 'false') return undefined;
  return isYes(text) ? '' : text;
}
