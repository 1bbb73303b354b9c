/** Reads QR codes from the camera: by the browser itself, or by a library where it cannot. */
import { beside } from '../script-url.js';

/** How often a picture is looked at: often enough to feel at once, seldom enough to stay cool. */
const LOOK_MS = 150;

interface Detector {
  detect(source: CanvasImageSource): Promise<readonly { readonly rawValue: string }[]>;
}

type DetectorMaker = new (options: { formats: readonly string[] }) => Detector;

/** Gives the texts of codes in the picture. */
type Reader = (video: HTMLVideoElement) => Promise<readonly string[]>;

/**
 * Shows the camera in `video` until `wanted` makes something of a code, and gives that;
 * undefined once `signal` fires. Throws when there is no camera or it is not allowed.
 */
export async function scan<T>(
  video: HTMLVideoElement,
  wanted: (text: string) => T | undefined,
  signal: AbortSignal,
): Promise<T | undefined> {
  const camera = { video: { facingMode: 'environment' }, audio: false };
  const stream = await navigator.mediaDevices.getUserMedia(camera);
  try {
    video.srcObject = stream;
    await video.play();
    const read = await readerOf();
    while (!signal.aborted) {
      for (const text of await read(video)) {
        const found = wanted(text);
        if (found !== undefined) return found;
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return undefined;
  } finally {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  }
}

async function readerOf(): Promise<Reader> {
  const { BarcodeDetector } = globalThis as unknown as { BarcodeDetector?: DetectorMaker };
  if (BarcodeDetector !== undefined) {
    try {
      const detector = new BarcodeDetector({ formats: ['qr_code'] });
      return async (video) => (await detector.detect(video)).map(({ rawValue }) => rawValue);
    } catch {
      // It is there, but not for QR codes on this platform.
    }
  }
  return libraryReader();
}

/** Loaded only when needed: it is larger than the whole pad. */
async function libraryReader(): Promise<Reader> {
  const { default: jsQR } = (await import(beside('mpin-jsqr.js'))) as typeof import('jsqr');
  const canvas = document.createElement('canvas');
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  return async (video) => {
    const { videoWidth: width, videoHeight: height } = video;
    if (pen === null || width === 0) return [];
    canvas.width = width;
    canvas.height = height;
    pen.drawImage(video, 0, 0);
    const code = jsQR(pen.getImageData(0, 0, width, height).data, width, height);
    return code === null ? [] : [code.data];
  };
}
