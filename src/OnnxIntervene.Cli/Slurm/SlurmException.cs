namespace OnnxIntervene.Cli.Slurm;

/// <summary>Slurm is not here or refused, or its jobs failed.</summary>
/// <param name="message">What happened, and what to do.</param>
internal sealed class SlurmException(string message) : Exception(message);
