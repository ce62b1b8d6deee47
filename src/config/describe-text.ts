const MAX_SHOWN_CHARACTERS = 80;

/** A text in quotes for a message, cut where it is long. */
export function describeText(text: string): string {
  return shorten(JSON.stringify(text));
}

function shorten(text: string): string {
  return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}...` : text;
}
