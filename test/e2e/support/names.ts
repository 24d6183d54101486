/** Buttons, fields and roles that a screen reader would find without a name. */
export const nameless = `[...document.querySelectorAll('button, input, [role=button], [role=img], [role=tab]')]
  .filter((element) => {
    if (element.closest('[aria-hidden=true]') || element.offsetParent === null) return false
    const labelled = (element.getAttribute('aria-labelledby') ?? '').split(' ')
      .map((id) => document.getElementById(id)?.textContent ?? '').join('')
    const name = [element.getAttribute('aria-label'), labelled, element.textContent, element.getAttribute('title'),
      ...[...(element.labels ?? [])].map((label) => label.textContent)]
    return !name.some((text) => text && text.trim())
  })
  .map((element) => element.outerHTML.slice(0, 160))`
