import { EtError } from '../base/errors.ts';
import type { Service } from './service-unit.ts';

/** What XML 1.0 has no way to write; a carriage return it has, and launchd would take it for a newline. */
const NOT_IN_XML = /[^\t\n\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** The label of a service's agent, and the name of its file without `.plist`. */
export function agentLabel(name: string): string {
  return `everterm.${name}`;
}

/**
 * The property list of a service for launchd, which starts it again however it ended: it has no word for the one exit status that no
 * repetition mends.
 *
 * @throws {EtError} ET_ERR_STATE for a word that a property list cannot have
 */
export function formatAgent({ name, words }: Service, logFile: string): string {
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
    '<dict>',
    '  <key>Label</key>',
    `  ${stringOf(agentLabel(name))}`,
    '  <key>ProgramArguments</key>',
    '  <array>',
    ...words.map((word) => `    ${stringOf(word)}`),
    '  </array>',
    '  <key>RunAtLoad</key>',
    '  <true/>',
    '  <key>KeepAlive</key>',
    '  <true/>',
    '  <key>StandardErrorPath</key>',
    `  ${stringOf(logFile)}`,
    '</dict>',
    '</plist>',
  ];
  return `${lines.join('\n')}\n`;
}

/** The words that an agent of ours runs; `undefined` where it runs nothing. */
export function agentWords(text: string): readonly string[] | undefined {
  const array = /<key>ProgramArguments<\/key>\s*<array>(.*?)<\/array>/su.exec(text)?.[1];
  if (array === undefined) return undefined;
  return [...array.matchAll(/<string>(.*?)<\/string>/gsu)].map(([, word = '']) =>
    word.replaceAll(/&(?:amp|lt|gt);/gu, (entity) => characterOf(entity)),
  );
}

function stringOf(word: string): string {
  if (NOT_IN_XML.test(word)) {
    throw new EtError('ET_ERR_STATE', `launchd cannot be told ${JSON.stringify(word)}`);
  }
  return `<string>${word.replaceAll(/[&<>]/gu, (character) => ENTITIES[character] ?? '')}</string>`;
}

function characterOf(entity: string): string {
  return Object.keys(ENTITIES).find((character) => ENTITIES[character] === entity) ?? entity;
}
