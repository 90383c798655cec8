namespace AgiJobs.Hgm.Laws;

/// <summary>
/// When the thermostat has failed: ROI is outside the band when a move is due, and still outside at the end of two control cycles. A cycle begins with a move (or with one that the
/// bounds forbid) and ends when the next is due, a cooldown later.
/// </summary>
public static class EscalationLaw
{
    /// <summary>How many control cycles may pass without recovery.</summary>
    public const int Cycles = 2;

    /// <summary>Takes in what the thermostat did with a sample.</summary>
    /// <param name="moves">Moves since ROI was last inside the band; keep it, 0 at first.</param>
    /// <param name="reading">What the thermostat did.</param>
    /// <returns>The moves to keep, and whether the runbook's escalation to a full pause is due.</returns>
    public static (int Moves, bool Escalates) Observe(int moves, ThermostatReading reading)
    {
        var next = reading.Outcome switch
        {
            ThermostatOutcome.Inside => 0,
            ThermostatOutcome.Adjusted or ThermostatOutcome.AtBounds => Math.Min(moves + 1, Cycles + 1),
            _ => moves,
        };
        return (next, next > Cycles);
    }
}
