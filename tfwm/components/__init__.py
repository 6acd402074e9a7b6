"""TFX components: thin shells over the library.

| module               | component            | gives                                                    |
|----------------------|----------------------|----------------------------------------------------------|
| `example_gen`        | ImageExampleGen      | the splits `owner`, `attacker` and `test`                |
| `picture_schema`     | PictureSchema        | what pictures should look like, by the owner's           |
| `data_check`         | DataCheck            | nothing, but stops a run whose data are unusual          |
| `host_trainer`       | HostTrainer          | the host, trained or imported                            |
| `watermark_trainer`  | WatermarkTrainer     | the marked model, and the owner's key apart from it      |
| `robustness`         | RobustnessEvaluator  | the report of the attacks, and the blessing              |
| `release_papers`     | ReleasePapers        | the model card and the certificate                       |
| `serving_smoke_test` | ServingSmokeTest     | whether a server loads the model and answers             |
| `pusher`             | Pusher               | a numbered version for servers, whole or not at all      |

`artifacts` and the nine modules above load tfx; the others do the work and do not. Nothing is imported here, so
that a Beam worker that unpickles a step of `beam_steps` loads neither tfx nor the rest.
"""
