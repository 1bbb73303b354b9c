/**
 * Files that lie beside the running script. The build puts the script's own address in the place
 * of `import.meta.url` where the script is a classic one, which has no such thing.
 */
export function beside(file: string): string {
  return new URL(file, import.meta.url).href;
}
