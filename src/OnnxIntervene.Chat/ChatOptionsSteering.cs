using System.Collections.Immutable;
using Microsoft.Extensions.AI;

namespace OnnxIntervene.Chat;

/// <summary>Steering of single requests.</summary>
public static class ChatOptionsSteering
{
    /// <summary>
    /// The name in <see cref="ChatOptions.AdditionalProperties"/>: coefficients by the names of vectors, as a
    /// dictionary or a JSON object, or a <see cref="ChatSteering"/>.
    /// </summary>
    public const string Key = "steering";

    /// <summary>Adds a vector of the client for one request; others keep their coefficients.</summary>
    /// <param name="options">The request's options, which are changed and returned.</param>
    /// <param name="vector">The vector's name.</param>
    /// <param name="coefficient">How strongly it is added; 0 switches it off.</param>
    public static ChatOptions Steer(this ChatOptions options, string vector, float coefficient)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(vector);
        var properties = options.AdditionalProperties ??= [];
        var others =
            properties.GetValueOrDefault(Key) as ImmutableSortedDictionary<string, float>
            ?? ImmutableSortedDictionary<string, float>.Empty;
        properties[Key] = others.SetItem(vector, coefficient);
        return options;
    }

    /// <summary>Answers one request under other interventions than the client's.</summary>
    /// <param name="options">The request's options, which are changed and returned.</param>
    /// <param name="steering">The interventions, in the client's model.</param>
    public static ChatOptions Steer(this ChatOptions options, ChatSteering steering)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(steering);
        (options.AdditionalProperties ??= [])[Key] = steering;
        return options;
    }
}
