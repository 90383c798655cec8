namespace AgiJobs.Arena.Agents;

/// <summary>How a reference agent behaves. Every behaviour keeps to the protocol's form; what it does with the freedom that the protocol leaves differs.</summary>
public enum AgentBehaviour
{
    /// <summary>Does everything that is expected of it, as well as its skill allows.</summary>
    Honest,

    /// <summary>
    /// In a share of the rounds (<see cref="AgentOptions.LazyShare"/>) it takes a tenth of its steps for an answer, approves every answer without checking it, and reveals nothing.
    /// </summary>
    Lazy,

    /// <summary>As a student it answers with what another student revealed in an earlier round, of the same family where it has seen one. It has no answer before it has seen one. Else honest.</summary>
    Copying,

    /// <summary>Takes its seat and vanishes: does nothing more in the round and is not there for the gateway until the round is over. As a teacher it never sets the task.</summary>
    Offline,

    /// <summary>As a student it answers with text that moderation blocks (<see cref="AgentOptions.ToxicAnswer"/>), as a validator it says that to its vote. Else honest.</summary>
    Toxic,

    /// <summary>As a validator it approves the answers of its allies (<see cref="AgentOptions.Allies"/>) whatever they are, and judges all others honestly. Else honest.</summary>
    Colluding,
}
