namespace OnnxIntervene.Interventions.Files;

/// <summary>In what files a folder of interventions holds its tensors.</summary>
public enum InterventionFileFormat
{
    /// <summary><c>intkey_KEY.safetensors</c>: parameters by name, rotations as they are.</summary>
    Safetensors,

    /// <summary>pyvene's <c>intkey_KEY.bin</c>: torch's zip format, rotations as torch parametrizes them.</summary>
    Torch,
}
