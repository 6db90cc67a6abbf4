using System.Collections.Immutable;
using OnnxIntervene.Components;
using OnnxIntervene.Components.Addressing;
using OnnxIntervene.Formats;
using OnnxIntervene.Interventions;
using OnnxIntervene.Interventions.Kinds;
using OnnxIntervene.IR;

namespace OnnxIntervene.Steering;

/// <summary>
/// Adapters that steer as vectors do: PEFT's LoRA (its folder) and pyreft's LoReFT (<c>.bin</c>), as interventions at
/// the components of the modules that they change.
/// </summary>
public static class AdapterFile
{
    // The modules whose output is a component in every family that has them, and what else they read.
    private static readonly ImmutableDictionary<string, (string Component, string? Input)> s_modules =
        ImmutableDictionary<string, (string, string?)>
            .Empty.Add("q_proj", (ComponentNames.QueryOutput, null))
            .Add("k_proj", (ComponentNames.KeyOutput, null))
            .Add("v_proj", (ComponentNames.ValueOutput, null))
            .Add("o_proj", (ComponentNames.AttentionOutput, ComponentNames.AttentionValueOutput));

    private static readonly ImmutableArray<string> s_packed =
    [
        ComponentNames.QueryOutput,
        ComponentNames.KeyOutput,
        ComponentNames.ValueOutput,
    ];

    /// <summary>Whether a path is an adapter's: a folder, or a file of torch.</summary>
    public static bool IsAdapter(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Directory.Exists(path) || Path.GetExtension(path) == ".bin";
    }

    /// <summary>The files that an adapter is read from.</summary>
    /// <param name="path">PEFT's folder, or pyreft's <c>intkey_….bin</c>.</param>
    public static ImmutableArray<string> FilesOf(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Directory.Exists(path) ? [Path.Combine(path, LoraAdapter.ConfigName), LoraAdapter.FileIn(path)] : [path];
    }

    /// <summary>Reads an adapter.</summary>
    /// <param name="path">PEFT's folder, or pyreft's <c>intkey_….bin</c>.</param>
    /// <param name="components">The model's components.</param>
    /// <param name="coefficient">What a LoRA's change is multiplied with; 1 for others.</param>
    /// <param name="layers">
    /// The layers: which of a LoRA's, and where a LoReFT goes. Null or none for all of a LoRA's.
    /// </param>
    /// <param name="component">Where a LoReFT goes; null for the residual stream.</param>
    /// <exception cref="ModelFormatException">A file is missing, or not well formed.</exception>
    /// <exception cref="InterventionException">
    /// A module computes no component of the model, or a layer or coefficient is not the adapter's.
    /// </exception>
    public static ImmutableArray<RepresentationConfig> Read(
        string path,
        ComponentMap components,
        float coefficient = 1,
        IReadOnlyCollection<int>? layers = null,
        string? component = null
    )
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(components);
        if (!float.IsFinite(coefficient))
            throw new InterventionException($"The coefficient {coefficient} is not a finite number.");
        if (!Directory.Exists(path))
            return Reft(path, coefficient, layers ?? [], component);
        if (!File.Exists(Path.Combine(path, LoraAdapter.ConfigName)))
            throw new ModelFormatException(
                $"'{path}' holds no {LoraAdapter.ConfigName}, so that it is no LoRA of PEFT; a folder of saved "
                    + "interventions is a configuration."
            );
        var modules = LoraAdapter.Read(path).Modules;
        ImmutableArray<RepresentationConfig> all =
        [
            .. modules.SelectMany(module => Lora(module, components, coefficient)),
        ];
        if ((layers ?? []).Except(all.Select(item => item.Layer)).ToList() is { Count: > 0 } missing)
            throw new InterventionException($"'{path}' changes nothing in layer {string.Join(", ", missing)}.");
        return layers is { Count: > 0 } ? [.. all.Where(item => layers.Contains(item.Layer))] : all;
    }

    private static ImmutableArray<RepresentationConfig> Reft(
        string path,
        float coefficient,
        IReadOnlyCollection<int> layers,
        string? component
    )
    {
        if (coefficient != 1)
            throw new InterventionException($"'{path}': a LoReFT has no coefficient; leave it out.");
        if (layers.Count == 0)
            throw new InterventionException($"'{path}' does not say which layer it is for; give the layer.");
        var weights = LoreftWeights.Read(path);
        var intervention = new LoReFTIntervention(weights.Rotation, weights.Weight, weights.Bias);
        RotationCheck.Check(intervention);
        return
        [
            .. layers.Select(layer => new RepresentationConfig
            {
                Layer = layer,
                Component = component ?? ComponentNames.BlockOutput,
                Intervention = intervention,
            }),
        ];
    }

    private static IEnumerable<RepresentationConfig> Lora(
        LoraWeights module,
        ComponentMap components,
        float coefficient
    )
    {
        var scale = (float)(module.Scale * coefficient);
        if (!float.IsFinite(scale))
            throw new InterventionException(
                $"The LoRA of '{module.Module}' is multiplied by {module.Scale} (lora_alpha by the rank) and "
                    + $"{coefficient}, more than a 32-bit float holds. Is lora_alpha in adapter_config.json right?"
            );
        if (module.Layer is { } layer && s_modules.TryGetValue(module.Target, out var place))
            return
            [
                At(
                    layer,
                    place.Component,
                    new LoRAIntervention(module.A, module.B, scale) { InputComponent = place.Input }
                ),
            ];
        return module is { Layer: { } packed, Target: "c_attn" }
            ? Packed(module, packed, components, scale)
            : throw new InterventionException(
                $"The LoRA changes '{module.Module}', whose output is no component; those of "
                    + $"{string.Join(", ", s_modules.Keys.Order(StringComparer.Ordinal))} and c_attn are. Merge the "
                    + "adapter into the model instead."
            );
    }

    // GPT-2 computes queries, keys and values side by side.
    private static IEnumerable<RepresentationConfig> Packed(
        LoraWeights module,
        int layer,
        ComponentMap components,
        float scale
    )
    {
        var start = 0;
        foreach (var name in s_packed)
        {
            var width = components.Get(layer, name).Width;
            if (start + width > module.B.Shape[0])
                throw new InterventionException(
                    $"The LoRA's '{module.Module}' has {module.B.Shape[0]} outputs, too few for {name} of this model."
                );
            yield return At(layer, name, new LoRAIntervention(module.A, module.B.Rows(start, width), scale));
            start += width;
        }
    }

    private static RepresentationConfig At(int layer, string component, Intervention intervention) =>
        new()
        {
            Layer = layer,
            Component = component,
            Intervention = intervention,
        };
}
