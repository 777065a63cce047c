document.body.textContent="Plimsoll tuner";
