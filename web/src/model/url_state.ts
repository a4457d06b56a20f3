// What the reader looks at, as the fragment of the address: "#sites?measure=grown&window=2.5-9". So it can be sent to somebody, comes
// back with the browser's own history, and needs no storage.

export interface UrlState {
  view: string; // "" where the address names none
  params: ReadonlyMap<string, string>;
}

export function parseHash(hash: string): UrlState {
  const text = hash.startsWith("#") ? hash.slice(1) : hash;
  const cut = text.indexOf("?");
  const view = cut < 0 ? text : text.slice(0, cut);
  const params = new Map<string, string>();
  if (cut >= 0) for (const [key, value] of new URLSearchParams(text.slice(cut + 1))) params.set(key, value);
  return { view: /^[a-z-]*$/.test(view) ? view : "", params };
}

export function formatHash(state: UrlState): string {
  const query = new URLSearchParams([...state.params].filter(([, value]) => value !== "")).toString();
  return `#${state.view}${query === "" ? "" : `?${query}`}`;
}

// With some parameters set; "" takes one away.
export function withParams(state: UrlState, changes: Readonly<Record<string, string>>, view = state.view): UrlState {
  const params = new Map(state.params);
  for (const [key, value] of Object.entries(changes)) {
    if (value === "") params.delete(key);
    else params.set(key, value);
  }
  return { view, params };
}
