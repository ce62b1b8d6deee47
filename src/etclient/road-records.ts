import { isJsonObject, JsonMembers } from '../wire/json-members.ts';
import type { Experience } from './choose-plan.ts';
import { MAX_PLAN_CHARACTERS, MAX_PLAN_ROADS } from './parse-dial-plan.ts';

/** The last hosts, and for each the last networks, are remembered. */
export const MAX_HOSTS = 256;
export const MAX_NETWORKS = 8;

/** What became of the roads to a host from one network. */
export interface NetworkRecord extends Experience {
  /** As `networkKey` has it. */
  readonly network: string;
  readonly worked: string;
  /** Since the epoch, in milliseconds: the oldest is forgotten first. */
  readonly usedMs: number;
}

export interface HostRecord {
  /** As the user named it. */
  readonly destination: string;
  /** Of the last session's server; 0: it listened nowhere. */
  readonly port: number;
  /** The last used first. */
  readonly networks: readonly NetworkRecord[];
}

/** The record of a host with what was learned there just now. */
export function withNetwork(record: HostRecord, learned: NetworkRecord): HostRecord {
  const others = record.networks.filter(({ network }) => network !== learned.network);
  return { ...record, networks: [learned, ...others].slice(0, MAX_NETWORKS) };
}

/** All records with this one in its place, the last used first; one too many is forgotten. */
export function withHost(records: readonly HostRecord[], record: HostRecord): HostRecord[] {
  const others = records.filter(({ destination }) => destination !== record.destination);
  return [record, ...others].slice(0, MAX_HOSTS);
}

export function formatRoadRecords(hosts: readonly HostRecord[]): string {
  return `${JSON.stringify({ version: 1, hosts }, undefined, 1)}\n`;
}

/** @throws {EtError} ET_ERR_STATE, naming what is wrong */
export function parseRoadRecords(text: string): HostRecord[] {
  const members = membersOf(parseJson(text), 'the roads');
  members.integer('version', 1, 1);
  return listIn(members, 'hosts', MAX_HOSTS).map(hostOf);
}

function hostOf(value: unknown): HostRecord {
  const members = membersOf(value, 'the roads: a host');
  return {
    destination: members.text('destination', 1024),
    port: members.integer('port', 0, 65_535),
    networks: listIn(members, 'networks', MAX_NETWORKS).map(networkOf),
  };
}

function networkOf(value: unknown): NetworkRecord {
  const members = membersOf(value, 'the roads: a network');
  return {
    network: members.text('network', 64),
    worked: members.text('worked', MAX_PLAN_CHARACTERS),
    failed: members.texts('failed', MAX_PLAN_ROADS, MAX_PLAN_CHARACTERS),
    usedMs: members.integer('usedMs', 0, Number.MAX_SAFE_INTEGER),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function membersOf(value: unknown, what: string): JsonMembers {
  return new JsonMembers(isJsonObject(value) ? value : {}, 'ET_ERR_STATE', what);
}

function listIn(members: JsonMembers, name: string, maxCount: number): readonly unknown[] {
  const value: unknown = members.get(name);
  if (Array.isArray(value) && value.length <= maxCount) return value;
  throw members.error(`${name} is not a list of at most ${maxCount} members`);
}
