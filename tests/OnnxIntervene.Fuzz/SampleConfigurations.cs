namespace OnnxIntervene.Fuzz;

/// <summary>Configurations that between them have every field, for the model that reads them.</summary>
internal static class SampleConfigurations
{
    public static IReadOnlyList<string> All { get; } =
    [
        """
            {"mode": "serial", "interventions": [
              {"kind": "Vanilla", "component": "mlp_activation", "layer": [0, 1], "positions": [[1], [2]],
               "source_positions": [[0], [3]], "subspace": [0, 1], "partition": [[0, 2], [2, 4]], "group": 0},
              {"kind": "Addition", "component": "mlp_output", "layer": 0, "positions": -1, "coefficient": [1, 2.5],
               "source": "p.safetensors#v"},
              {"kind": "LowRankRotatedSpace", "component": "mlp_output", "layer": 1, "rank": 2, "units": 1,
               "positions": {"last_token_of": "x"}, "link": 1}]}
            """,
        """
            {"interventions": [
              {"kind": "ProjectOut", "component": "mlp_output", "layer": 0, "parameters": {"directions": [[0, 1, 0, 2]]}},
              {"kind": "Zero", "component": "head_attention_value_output", "layer": 0, "heads": [0, 1], "unit": "h.pos"},
              {"kind": "Collect", "component": "x", "positions": "unpadded", "description": "text"},
              {"kind": "ConstantSource", "component": "x", "source": [[0.5, 1, 1.5]]}]}
            """,
        """
            {"mode": "parallel", "representations": [
              {"layer": 0, "component": "mlp_activation", "unit": "pos", "max_number_of_units": 1,
               "intervention_type": "RotatedSpaceIntervention", "low_rank_dimension": 2, "group_key": 0,
               "intervention_link_key": 0, "subspace_partition": [[0, 1], [1, 4]]},
              {"layer": 1, "component": "mlp_output", "intervention_type": "AdditionIntervention"}],
             "unit_locations": {"sources->base": [[[[0]], [[1]]], [[[0]], [[1]]]]},
             "coefficients": [1, 2.5], "subspaces": [[[0]], null], "source_representations": [null, "p.safetensors#v"]}
            """,
        """
            {"representations": [[0, "mlp_output", "pos", 1]],
             "intervention_types": ["<class 'pyvene.models.interventions.VanillaIntervention'>"],
             "mode": "parallel", "sorted_keys": ["layer.0.comp.mlp_output.unit.pos.nunit.1#0"],
             "unit_locations": {"sources->base": 0}, "parameters": [{}], "intervention_dimensions": [4]}
            """,
    ];
}
