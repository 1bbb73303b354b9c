/** The demo's first page: pad and panel side by side. */
import './pad.js';
import './wire.js';

/** A QR code of ours opens this page on a phone, because it names the application's own address. */
if (/^#[0-9a-f]{32}$/.test(location.hash)) location.replace(`/m/${location.hash}`);
