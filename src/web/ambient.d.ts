/** Modules that bring no types of their own, and files that the build turns into modules. */

/** Each module of it takes the context it is to build on, and has one maker for each name. */
declare module 'milagro-crypto-js/src/*.js' {
  const makers: Readonly<Record<string, (context: object) => unknown>>;
  export default makers;
}

declare module 'qrcode/lib/core/qrcode.js' {
  interface Symbol {
    readonly modules: { readonly size: number; readonly data: Uint8Array };
  }
  const QRCode: {
    create(text: string, options: { errorCorrectionLevel: 'L' | 'M' | 'Q' | 'H' }): Symbol;
  };
  export default QRCode;
}

/** The text of a style sheet, made smaller. */
declare module '*.css' {
  const text: string;
  export default text;
}
