// chartimages.js - pictures that runs made, side by side, and each one large.
'use strict';

const CHART_MOST_PICTURES = 600;

/** Pictures of data: URIs alone: no name in a record can make the page ask for anything. */
function chartIsPicture(src) {
  return /^data:image\/(png|jpeg|gif|webp|svg\+xml)[;,]/.test(src);
}

/** A dialog that shows one of the pictures; arrow keys go on to the others. */
function chartDialog(figure, images, onPick) {
  const image = chartElement('img', { alt: '' });
  const words = chartElement('p', { 'aria-live': 'polite' });
  const dialog = chartElement('dialog', { class: 'chart-dialog', 'aria-label': 'Picture' }, image, words);
  const bar = chartElement('div', { class: 'chart-bar' });
  dialog.append(bar);
  figure.append(dialog);
  let at = 0;
  const show = (index) => {
    at = (index + images.length) % images.length;
    image.src = images[at].src;
    image.alt = images[at].path + ', ' + images[at].name;
    words.replaceChildren(chartElement('bdi', {}, images[at].path), ' \u00b7 ', chartElement('bdi', {}, images[at].name), images[at].note ? ' \u00b7 ' : '', chartElement('bdi', {}, images[at].note || ''), ' (' + String(at + 1) + ' of ' + images.length + ')');
  };
  const add = (text, act) => {
    const button = chartElement('button', { type: 'button', class: 'chart-button' }, text);
    button.addEventListener('click', act);
    bar.append(button);
  };
  add('Previous', () => show(at - 1));
  add('Next', () => show(at + 1));
  if (onPick !== undefined) add('Open the run', () => { dialog.close(); onPick(images[at].run); });
  add('Close', () => dialog.close());
  dialog.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
      show(at + (event.key === 'ArrowRight' ? 1 : -1));
      event.preventDefault();
    }
  });
  dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });
  return (index) => {
    show(index);
    dialog.showModal();
  };
}

/** data: { images: [{ run, name, path, src, note }], caption }; options: { onPick(run) }. */
function drawImages(container, data, options) {
  const images = data.images.filter((image) => chartIsPicture(image.src)).slice(0, CHART_MOST_PICTURES);
  if (images.length === 0) {
    chartEmpty(container, data.caption, 'No pictures to show.');
    return;
  }
  container.replaceChildren();
  const figure = chartElement('figure', { class: 'chart' }, chartElement('figcaption', {}, data.caption));
  container.append(figure);
  // Pictures of one path stand together, in the order in which paths first come.
  const paths = Array.from(new Set(images.map((image) => image.path)));
  const sorted = [].concat(...paths.map((path) => images.filter((image) => image.path === path)));
  const open = chartDialog(figure, sorted, options.onPick);
  let index = 0;
  for (const path of paths) {
    const list = chartElement('ul', { class: 'chart-pictures' });
    figure.append(chartElement('p', { class: 'chart-group' }, chartElement('bdi', {}, path)), list);
    for (const image of sorted.filter((one) => one.path === path)) {
      const at = index;
      const picture = chartElement('img', { alt: image.path + ', ' + image.name, loading: 'lazy', decoding: 'async' });
      picture.src = image.src;
      const button = chartElement('button', { type: 'button', class: 'chart-picture' }, picture, chartElement('span', {}, chartElement('bdi', {}, image.name)));
      if (image.note) button.append(chartElement('span', { class: 'chart-quiet' }, chartElement('bdi', {}, image.note)));
      button.addEventListener('click', () => open(at));
      list.append(chartElement('li', {}, button));
      index += 1;
    }
  }
  if (images.length < data.images.length) figure.append(chartElement('p', { class: 'chart-note' }, chartCount(data.images.length - images.length, 'picture is', 'pictures are') + ' left out.'));
}
