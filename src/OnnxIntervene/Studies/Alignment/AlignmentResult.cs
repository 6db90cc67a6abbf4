using System.Collections.Immutable;

namespace OnnxIntervene.Studies.Alignment;

/// <summary>What a search over layers and positions found.</summary>
public sealed record AlignmentResult
{
    /// <summary>The component that was rotated.</summary>
    public required string Component { get; init; }

    /// <summary>The layers that were searched.</summary>
    public required ImmutableArray<string> Layers { get; init; }

    /// <summary>The positions that were searched.</summary>
    public required ImmutableArray<string> Positions { get; init; }

    /// <summary>How many variables were looked for together.</summary>
    public required int Variables { get; init; }

    /// <summary>The cells, layer by layer; null for those of another shard.</summary>
    public required ImmutableArray<AlignmentCell?> Cells { get; init; }

    /// <summary>The cell with the highest accuracy, the first of several; null where there is none.</summary>
    public AlignmentCell? Best => Cells.OfType<AlignmentCell>().MaxBy(cell => cell.All.Interchange.Value);

    /// <summary>The cell of a layer and a position; null where another shard has it.</summary>
    public AlignmentCell? this[int row, int column] => Cells[(row * Positions.Length) + column];
}
