export class Views {
  constructor(root) {
    root.textContent = "…";
  }
}
