namespace OnnxIntervene.Fuzz;

/// <summary>Descriptions of causal models, which between them have every field.</summary>
internal static class SampleCausalModels
{
    public static string[] All { get; } =
    [
        """
            {
              "variables": {
                "x": { "from": 0, "to": 9 },
                "low": { "values": [2, 3], "default": 2 },
                "high": { "values": [6, 7.5] },
                "fits": { "parents": ["x", "low", "high"], "function": "in_range" },
                "same": { "parents": ["fits"], "function": "copy" },
                "out": { "parents": ["fits", "same"], "function": "xor", "values": [true, false] }
              },
              "template": "Is {x} from {low} to {high}? {{}}",
              "texts": { "low": { "2": "two" } },
              "positions": { "end": -1, "mark": "?" },
              "answers": { "true": " Yes", "false": " No" }
            }
            """,
        """
            {
              "variables": {
                "W": { "values": [[0.5, 1], [0.25, -1]] },
                "X": { "values": [[0.5, 1], [0.25, -1]] },
                "WX": { "parents": ["W", "X"], "function": "equal" },
                "table": {
                  "parents": ["WX"],
                  "function": { "cases": [{ "when": [true], "then": "a" }], "otherwise": "b" }
                }
              }
            }
            """,
    ];
}
