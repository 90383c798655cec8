namespace AgiJobs.Hgm.Simulation;

/// <summary>A simulated agent, with what no policy may look at.</summary>
/// <param name="Skill">s.</param>
/// <param name="Gift">m.</param>
/// <param name="Broken">Whether a change broke it or an ancestor.</param>
/// <param name="Probabilities">With what probability it solves each task.</param>
public sealed record SimulatedAgent(double Skill, double Gift, bool Broken, double[] Probabilities)
{
    /// <summary>Its true accuracy over all tasks.</summary>
    public double Accuracy { get; } = Probabilities.Sum() / Probabilities.Length;
}
